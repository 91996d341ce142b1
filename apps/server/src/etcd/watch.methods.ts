import { services } from '@quorate/wire';
import { type ServedMethod, streaming } from './method';
import { WatchStream, type WatchStreamOptions } from './watch-stream';

/** `etcdserverpb.Watch` */
export function watchMethods(options: WatchStreamOptions): ServedMethod[] {
  return [streaming(services.Watch.Watch, (stream) => { new WatchStream(stream, options); })];
}
