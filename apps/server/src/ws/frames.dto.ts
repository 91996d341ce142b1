import { TTL_SECONDS_MAX, type WsMode, WS_MODES } from '@quorate/api';
import { IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';

/** What every frame from a client has. */
export class Frame {
  @IsInt() @Min(0) @Max(Number.MAX_SAFE_INTEGER)
  readonly id!: number;

  @IsString()
  readonly op!: string;
}

export class PingFrame extends Frame {}

export class AuthFrame extends Frame {
  /** What an `Authorization` header holds: `Bearer …` or `Basic …`. */
  @IsString() @MaxLength(8192)
  readonly authorization!: string;
}

/** Each topic adds its own fields. */
export class SubscribeFrame extends Frame {
  @IsString()
  readonly topic!: string;

  /** Resume strictly after this revision. */
  @IsOptional() @Matches(/^(0|[1-9][0-9]{0,15})$/, { message: 'must be a revision: a decimal number as a string' })
  readonly afterRevision?: string;

  @IsOptional() @IsIn(WS_MODES)
  readonly mode?: WsMode;
}

export class UnsubscribeFrame extends Frame {
  /** The id of the frame that subscribed. */
  @IsInt() @Min(0) @Max(Number.MAX_SAFE_INTEGER)
  readonly subscription!: number;
}

export class SessionFrame extends Frame {
  /** Opens a session with this TTL. */
  @IsOptional() @IsInt() @Min(1) @Max(TTL_SECONDS_MAX)
  readonly ttlSeconds?: number;

  /** Goes on with a session that was opened before, on any member. */
  @IsOptional() @Matches(/^[1-9][0-9]{0,18}$/, { message: 'must be the id of a session: a decimal number as a string' })
  readonly session?: string;

  /** Who holds it, in words of the client. */
  @IsOptional() @IsString() @MaxLength(255)
  readonly owner?: string;
}
