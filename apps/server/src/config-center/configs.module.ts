import { Module } from '@nestjs/common';
import { ConfigsController } from './configs.controller';
import { FormatChecker } from './format/format-checker';
import { YamlChecker } from './format/yaml-checker';

@Module({ controllers: [ConfigsController], providers: [FormatChecker, YamlChecker], exports: [FormatChecker] })
export class ConfigsModule {}
