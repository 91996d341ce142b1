import { Injectable } from '@nestjs/common';
import { configScope, type Scope } from '@quorate/recipes';
import type { Access } from '../../rest/access';
import { SubscribeFrame } from '../frames.dto';
import { type Topic, WsTopic } from '../topic';
import { IsNamePattern } from '../name-rules';

export class ConfigSubscribeFrame extends SubscribeFrame {
  @IsNamePattern()
  readonly namespace!: string;

  @IsNamePattern()
  readonly group!: string;

  @IsNamePattern()
  readonly key!: string;
}

/** Current configurations, by key, group or namespace. */
@WsTopic('config')
@Injectable()
export class ConfigTopic implements Topic<ConfigSubscribeFrame> {
  readonly frame = ConfigSubscribeFrame;

  accessOf({ namespace, group, key }: ConfigSubscribeFrame): Access {
    return { action: 'read', resource: `configs/${namespace}/${group}/${key}` };
  }

  scopeOf({ namespace, group, key }: ConfigSubscribeFrame): Scope<unknown, unknown> {
    return configScope({ namespace, group, key }) as Scope<unknown, unknown>;
  }
}
