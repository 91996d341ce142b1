import { Injectable } from '@nestjs/common';
import { CONFIG_CONTENT_BYTES_MAX, type ConfigFormat, PlatformError } from '@quorate/api';
import type { Fault } from './fault';
import { jsonFault } from './json-fault';
import { propertiesFault } from './properties-fault';
import { tomlFault } from './toml-fault';
import { xmlFault } from './xml-fault';
import { YamlChecker } from './yaml-checker';

const CHECKS: Readonly<Record<Exclude<ConfigFormat, 'yaml'>, (text: string) => Fault | undefined>> = {
  text: () => undefined, json: jsonFault, toml: tomlFault, properties: propertiesFault, xml: xmlFault,
};

/** Lets nothing be published that its readers could not parse. */
@Injectable()
export class FormatChecker {
  constructor(private readonly yaml: YamlChecker) {}

  /**
   * @param field where the content stood, for the error
   * @throws PlatformError `content_malformed` with line and column, `content_too_large`
   */
  async check(format: ConfigFormat, content: string, field: string): Promise<void> {
    if (Buffer.byteLength(content) > CONFIG_CONTENT_BYTES_MAX) {
      throw new PlatformError('content_too_large', `the content is larger than ${CONFIG_CONTENT_BYTES_MAX} bytes`, field);
    }
    const fault = format === 'yaml' ? await this.yaml.faultOf(content) : CHECKS[format](content);
    if (fault) throw new PlatformError('content_malformed', `this is not ${format}: line ${fault.line}, column ${fault.column}: ${fault.message}`, field);
  }
}
