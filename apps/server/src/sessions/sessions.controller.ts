import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put } from '@nestjs/common';
import { ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { type Heartbeat, type Session, TTL_SECONDS_MAX } from '@quorate/api';
import { Sessions, type WriteOptions } from '@quorate/recipes';
import { IsInt, IsOptional, IsString, Max, MaxLength } from 'class-validator';
import { RequiresAccess } from '../rest/access';
import { Answer } from '../rest/answer';
import { TakesNoQuery } from '../rest/no-query';
import { Answers } from '../rest/openapi-answers';
import { API_V1 } from '../rest/paths';
import { WriteContext } from '../rest/request-parts';
import { RestController } from '../rest/rest-controller';

const OWNER_CHARS_MAX = 255;

export class OpenSessionBody {
  @ApiProperty({ type: 'integer', maximum: TTL_SECONDS_MAX, description: 'not below the lease minimum in force' })
  @IsInt() @Max(TTL_SECONDS_MAX)
  ttlSeconds!: number;

  @ApiPropertyOptional({ maxLength: OWNER_CHARS_MAX, default: '', description: 'for people who look at it' })
  @IsOptional() @IsString() @MaxLength(OWNER_CHARS_MAX)
  owner?: string;
}

/** Sessions: one lease for everything that a process holds. */
@ApiTags('sessions')
@RestController()
@Controller(`${API_V1}/sessions`)
export class SessionsController {
  constructor(private readonly sessions: Sessions) {}

  @Post()
  @TakesNoQuery()
  @RequiresAccess('write', 'sessions')
  @ApiOperation({ summary: 'open a session' })
  @Answers(201, 'Session')
  async open(@Body() { ttlSeconds, owner = '' }: OpenSessionBody, @WriteContext() options: WriteOptions): Promise<Answer<Session>> {
    const session = await this.sessions.open({ ttlSeconds, owner }, options);
    return new Answer(session.revision, session);
  }

  @Get(':session')
  @TakesNoQuery()
  @RequiresAccess('read', 'sessions/{session}')
  @ApiOperation({ summary: 'one session' })
  @Answers(200, 'Session')
  async get(@Param('session') session: string): Promise<Answer<Session>> {
    const { revision, item } = await this.sessions.get(session);
    return new Answer(revision, item);
  }

  @Put(':session/keepalive')
  @TakesNoQuery()
  @RequiresAccess('write', 'sessions/{session}')
  @ApiOperation({ summary: 'renew; writes nothing' })
  @Answers(200, 'Heartbeat')
  async keepAlive(@Param('session') session: string): Promise<Answer<Heartbeat>> {
    const heartbeat = await this.sessions.keepAlive(session);
    return new Answer(heartbeat.revision, heartbeat);
  }

  @Delete(':session')
  @HttpCode(204)
  @TakesNoQuery()
  @RequiresAccess('delete', 'sessions/{session}')
  @ApiOperation({ summary: 'end a session and everything that hangs on it' })
  @Answers(204)
  async close(@Param('session') session: string, @WriteContext() options: WriteOptions): Promise<Answer<undefined>> {
    return new Answer(await this.sessions.close(session, options), undefined);
  }
}
