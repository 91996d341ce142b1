import type { ErrorBody } from './errors';
import type { Change } from './shapes';

/** Which versions a subscriber gets: each one in order, or only the newest one of each key. */
export const WS_MODES = ['all', 'latest'] as const;
export type WsMode = (typeof WS_MODES)[number];

/** The op was done; what else stands in it depends on the op. */
export interface OkFrame {
  readonly id: number;
  readonly type: 'ok';
}

export interface PongFrame {
  readonly id: number;
  readonly type: 'pong';
}

/**
 * The frame with this `id` was refused, or the subscription with this `id` has ended. `null` where the frame that is
 * answered has no `id` that can be read.
 */
export interface ErrorFrame extends ErrorBody {
  readonly id: number | null;
  readonly type: 'error';
}

/** The state of what was subscribed to, at one revision. */
export interface SnapshotFrame<V = unknown> {
  readonly id: number;
  readonly type: 'snapshot';
  readonly revision: string;
  readonly items: readonly V[];
  /** Entries whose stored value could not be read; they are left out. */
  readonly skipped?: number;
}

/** Changes in revision order; a revision is never split over two frames, so `revision` is a place to resume from. */
export interface ChangeFrame<K = unknown, V = unknown> {
  readonly id: number;
  readonly type: 'change';
  readonly revision: string;
  readonly changes: readonly Change<K, V>[];
}

/** Changes cannot bring the subscriber up to date any more; a fresh snapshot follows. */
export interface ResetFrame {
  readonly id: number;
  readonly type: 'reset';
  readonly revision: string;
}

export type ServerFrame = OkFrame | PongFrame | ErrorFrame | SnapshotFrame | ChangeFrame | ResetFrame;
