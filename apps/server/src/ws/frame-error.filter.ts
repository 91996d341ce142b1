import { type ArgumentsHost, Catch, Inject, Injectable, type WsExceptionFilter } from '@nestjs/common';
import type { Logger } from '@quorate/core';
import type { WebSocket } from 'ws';
import { LOGGER } from '../member/tokens';
import { AnswerSender } from './answer-sender';
import type { OpFrame } from './op-frame';
import { asPlatformError } from './platform-error-of';

/** Answers what an op throws by an error frame. */
@Catch()
@Injectable()
export class FrameErrorFilter implements WsExceptionFilter<unknown> {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const context = host.switchToWs();
    const { id, op } = context.getData<OpFrame>();
    const told = asPlatformError(error);
    if (told.code === 'internal') this.logger.error('an op of the WebSocket failed', { op, reason: String(error) });
    AnswerSender.of(context.getClient<WebSocket>()).sendError(id, told.body);
  }
}
