import { IntersectionType, OmitType } from '@nestjs/swagger';
import { TTL_SECONDS_MAX, type WsMode, WS_MODES } from '@quorate/api';
import { IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { RegisterBody } from '../registry/registry.dto';
import { IsName } from './name-rules';

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

class InstanceFrame extends Frame {
  @IsName()
  readonly namespace!: string;

  @IsName()
  readonly service!: string;

  /** The id of the instance. */
  @IsName()
  readonly instance!: string;
}

/** The body of the REST call; the TTL is the session's. Without a session, the one that this socket has attached last. */
export class RegisterFrame extends IntersectionType(InstanceFrame, OmitType(RegisterBody, ['ttlSeconds'])) {}

export class DeregisterFrame extends InstanceFrame {
  /** Only this registration; without it: whichever there is. */
  @IsOptional() @Matches(/^[1-9][0-9]{0,18}$/, { message: 'must be the id of a lease: a decimal number as a string' })
  readonly leaseId?: string;
}
