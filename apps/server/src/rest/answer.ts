import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Response } from 'express';
import { map, type Observable } from 'rxjs';
import { REVISION_HEADER } from './door.middleware';

/** A body with the revision of the state that it was taken from, or of the change that it reports. */
export class Answer<T> {
  /** @param body `undefined`: none */
  constructor(readonly revision: number | string, readonly body: T) {}
}

/** Sends an {@link Answer}: its revision in the header, its body as it is. */
@Injectable()
export class AnswerInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const response = context.switchToHttp().getResponse<Response>();
    return next.handle().pipe(map((answer: unknown) => {
      if (!(answer instanceof Answer)) return answer;
      response.setHeader(REVISION_HEADER, String(answer.revision));
      return answer.body as unknown;
    }));
  }
}
