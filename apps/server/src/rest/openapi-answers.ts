import { applyDecorators } from '@nestjs/common';
import { ApiDefaultResponse, ApiResponse } from '@nestjs/swagger';
import { REVISION_HEADER } from './door.middleware';

const revisionHeader = { [REVISION_HEADER]: { description: 'revision of the state that the answer comes from', schema: { type: 'string' } } };

/** Documents an answer by its schema's name in the committed schemas, and the shape of errors. */
export function Answers(status: number, schema?: string): MethodDecorator {
  const content = schema === undefined ? {} : { schema: { $ref: `#/components/schemas/${schema}` } };
  return applyDecorators(
    ApiResponse({ status, description: schema ?? 'done', headers: revisionHeader, ...content }),
    ApiDefaultResponse({ description: 'a refusal; see the table of codes', headers: revisionHeader, schema: { $ref: '#/components/schemas/Error' } }),
  );
}
