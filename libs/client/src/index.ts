export { RemoteApi } from './remote-api';
export { type RemoteMaintenance } from './remote-maintenance';
export { type RemoteApiOptions, type TlsOptions } from './options';
export { type Endpoint, parseEndpoint } from './endpoint';
export { SystemClock } from './system-clock';
export { SystemRandom } from './system-random';
