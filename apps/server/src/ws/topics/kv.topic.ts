import { Injectable } from '@nestjs/common';
import { PlatformError, type TextEncoding } from '@quorate/api';
import { keyOfText, kvScope, type Scope } from '@quorate/recipes';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import type { Access } from '../../rest/access';
import { SubscribeFrame } from '../frames.dto';
import { type Topic, WsTopic } from '../topic';

const KEY_CHARS_MAX = 16 * 1024;

export class KvSubscribeFrame extends SubscribeFrame {
  /** The one key. */
  @IsOptional() @IsString() @MaxLength(KEY_CHARS_MAX)
  readonly key?: string;

  /** All keys that begin so; empty: all there are. */
  @IsOptional() @IsString() @MaxLength(KEY_CHARS_MAX)
  readonly prefix?: string;

  /** How `key` or `prefix` is written. */
  @IsOptional() @IsIn(['utf8', 'base64'])
  readonly keyEncoding?: TextEncoding;
}

/** Raw keys, one or all with a prefix. */
@WsTopic('kv')
@Injectable()
export class KvTopic implements Topic<KvSubscribeFrame> {
  readonly frame = KvSubscribeFrame;

  accessOf({ key, prefix = '' }: KvSubscribeFrame): Access {
    return { action: 'read', resource: `kv/${key ?? `${prefix}*`}` };
  }

  scopeOf({ key, prefix, keyEncoding = 'utf8' }: KvSubscribeFrame): Scope<unknown, unknown> {
    if (key !== undefined && prefix !== undefined) throw new PlatformError('field_invalid', 'give key or prefix, not both', 'prefix');
    if (key !== undefined) return kvScope({ key: keyOfText(key, keyEncoding, 'key') }) as Scope<unknown, unknown>;
    if (prefix === undefined) throw new PlatformError('field_required', 'key or prefix is required', 'key');
    return kvScope({ prefix: keyOfText(prefix, keyEncoding, 'prefix') }) as Scope<unknown, unknown>;
  }
}
