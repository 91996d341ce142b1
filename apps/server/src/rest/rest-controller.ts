import { applyDecorators, UseGuards, UseInterceptors, UsePipes } from '@nestjs/common';
import { AccessGuard } from './access';
import { AnswerInterceptor } from './answer';
import { RestValidationPipe } from './rest-validation.pipe';

/** What every controller of the platform's API has in common. */
export function RestController(): ClassDecorator {
  return applyDecorators(UseGuards(AccessGuard), UseInterceptors(AnswerInterceptor), UsePipes(RestValidationPipe));
}
