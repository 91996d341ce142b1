export { RemoteApi } from '@quorate/client';
