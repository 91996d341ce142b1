import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequiresAccess } from './access';
import { TakesNoQuery } from './no-query';
import { Answers } from './openapi-answers';
import { API_V1 } from './paths';
import { RestController } from './rest-controller';
import { REST_OPTIONS, type RestOptions } from './rest-options';

/** What this server can do, for clients that want to know before they try. Names are only added. */
const FEATURES = [
  'namespaces', 'kv', 'txn', 'txn.publish', 'registry', 'registry.prometheus-sd', 'configs', 'configs.history', 'configs.rollback',
  'sessions', 'long-poll', 'wait-revision', 'idempotency-key',
] as const;

@ApiTags('server')
@RestController()
@Controller(API_V1)
export class FeaturesController {
  constructor(@Inject(REST_OPTIONS) private readonly options: RestOptions) {}

  @Get()
  @TakesNoQuery()
  @RequiresAccess('read', 'server')
  @ApiOperation({ summary: 'version and features' })
  @Answers(200, 'Features')
  features(): { readonly version: string; readonly features: readonly string[] } {
    return { version: this.options.version, features: FEATURES };
  }
}
