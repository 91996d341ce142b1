import { Injectable } from '@nestjs/common';
import { registryScope, type Scope } from '@quorate/recipes';
import type { Access } from '../../rest/access';
import { SubscribeFrame } from '../frames.dto';
import { type Topic, WsTopic } from '../topic';
import { IsNamePattern } from '../name-rules';

export class RegistrySubscribeFrame extends SubscribeFrame {
  @IsNamePattern()
  readonly namespace!: string;

  @IsNamePattern()
  readonly service!: string;
}

/** Instances of services. */
@WsTopic('registry')
@Injectable()
export class RegistryTopic implements Topic<RegistrySubscribeFrame> {
  readonly frame = RegistrySubscribeFrame;

  accessOf({ namespace, service }: RegistrySubscribeFrame): Access {
    return { action: 'read', resource: `registry/${namespace}/${service}` };
  }

  scopeOf({ namespace, service }: RegistrySubscribeFrame): Scope<unknown, unknown> {
    return registryScope({ namespace, service }) as Scope<unknown, unknown>;
  }
}
