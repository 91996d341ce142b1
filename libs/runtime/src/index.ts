export { MetaEntity, RevisionEntity, StateEntity } from './sqlite/entities';
export { SqliteBackend, type SqliteBackendOptions, STORE_FORMAT_VERSION, type StoreOwner } from './sqlite/sqlite-backend';
export { StoreError } from './sqlite/store-error';
