import type { TopicFeed } from './topic-feed';

/** One subscription of a socket; its id is that of the frame which asked for it. */
export class Subscription {
  private readonly prefix: string;

  constructor(readonly id: number, readonly feed: TopicFeed) {
    this.prefix = `{"id":${id}`;
  }

  /** The next frame as it goes out, or `undefined` while there is none. */
  poll(): string | undefined {
    const rest = this.feed.poll();
    return rest === undefined ? undefined : this.prefix + rest;
  }
}
