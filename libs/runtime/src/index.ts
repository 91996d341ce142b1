export { MetaEntity, RevisionEntity, StateEntity } from './sqlite/entities';
export { SqliteBackend, type SqliteBackendOptions, STORE_FORMAT_VERSION, type StoreOwner } from './sqlite/sqlite-backend';
export { StoreError } from './sqlite/store-error';
export { DirectoryLock, DirectoryLockedError } from './directory-lock';
export { FileDisk } from './file-disk';
export { SystemClock } from './system-clock';
export { SystemRandom } from './system-random';
