import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { PLATFORM_SCHEMAS } from '@quorate/api';
import { API_V1 } from './paths';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

/** The API's description: routes and bodies from the controllers and their classes, answers from the committed schemas. */
export function openApiDocument(app: INestApplication, version: string): OpenAPIObject {
  const config = new DocumentBuilder().setTitle('Quorate').setVersion(version).addBearerAuth().addBasicAuth().build();
  const document = SwaggerModule.createDocument(app, config, { ignoreGlobalPrefix: false });
  const schemas = { ...(PLATFORM_SCHEMAS.components.schemas as Schemas), ...document.components?.schemas };
  return { ...document, components: { ...document.components, schemas } };
}

/** Serves the description at `/api/v1/openapi.json` and a page to browse it at `/api/docs`. */
export function serveOpenApi(app: INestApplication, version: string): void {
  SwaggerModule.setup('api/docs', app, () => openApiDocument(app, version), {
    jsonDocumentUrl: `${API_V1}/openapi.json`, yamlDocumentUrl: `${API_V1}/openapi.yaml`, customSiteTitle: 'Quorate API',
  });
}
