import { Injectable, type PipeTransform } from '@nestjs/common';
import { PlatformError } from '@quorate/api';
import { RestValidationPipe } from '../rest/rest-validation.pipe';
import type { SubscribeFrame } from './frames.dto';
import { TopicRegistry } from './topic-registry';

/** Checks a subscribe frame against the DTO of the topic that it names. */
@Injectable()
export class SubscribePipe implements PipeTransform<unknown, Promise<SubscribeFrame>> {
  private readonly validation = new RestValidationPipe();

  constructor(private readonly topics: TopicRegistry) {}

  async transform(frame: { readonly topic?: unknown }): Promise<SubscribeFrame> {
    if (frame.topic === undefined) throw new PlatformError('field_required', 'topic is required', 'topic');
    if (typeof frame.topic !== 'string') throw new PlatformError('field_invalid', 'topic must be a string', 'topic');
    const { topic } = this.topics.get(frame.topic);
    return await this.validation.transform(frame, { type: 'body', metatype: topic.frame }) as SubscribeFrame;
  }
}
