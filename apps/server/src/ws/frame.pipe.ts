import { Injectable, type PipeTransform, type Type, ValidationPipe } from '@nestjs/common';
import { PlatformError } from '@quorate/api';
import type { ValidationError } from 'class-validator';
import type { SubscribeFrame } from './frames.dto';
import { TopicRegistry } from './topic-registry';

/** Turns a frame into its DTO. @throws PlatformError `field_unknown`, `field_required`, `field_invalid` with the path of the field */
export function frameValidation(expectedType?: Type<unknown>): ValidationPipe {
  return new ValidationPipe({
    transform: true, whitelist: true, forbidNonWhitelisted: true, stopAtFirstError: true,
    exceptionFactory: (errors) => refusalOf(errors), ...(expectedType && { expectedType }),
  });
}

/** Checks a subscribe frame against the DTO of the topic that it names. */
@Injectable()
export class SubscribePipe implements PipeTransform<unknown, Promise<SubscribeFrame>> {
  private readonly pipes = new Map<Type<SubscribeFrame>, ValidationPipe>();

  constructor(private readonly topics: TopicRegistry) {}

  async transform(frame: { readonly topic?: unknown }): Promise<SubscribeFrame> {
    if (typeof frame.topic !== 'string') throw new PlatformError('field_required', 'topic must be a string', 'topic');
    const type = this.topics.get(frame.topic).topic.frame;
    let pipe = this.pipes.get(type);
    if (!pipe) this.pipes.set(type, pipe = frameValidation(type));
    return pipe.transform(frame, { type: 'body', metatype: type }) as Promise<SubscribeFrame>;
  }
}

function refusalOf(errors: readonly ValidationError[]): PlatformError {
  const path: string[] = [];
  let [error] = errors;
  while (error) {
    path.push(error.property);
    if (error.constraints || !error.children?.[0]) break;
    [error] = error.children;
  }
  const field = path.join('.');
  const constraints = error?.constraints ?? {};
  if ('whitelistValidation' in constraints) return new PlatformError('field_unknown', `there is no field ${field}`, field);
  const [message] = Object.values(constraints);
  if (error?.value === undefined) return new PlatformError('field_required', `${field} is required`, field);
  return new PlatformError('field_invalid', message, field);
}
