export { RemoteApi, SystemClock } from '@quorate/client';
