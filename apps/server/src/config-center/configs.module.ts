import { Module } from '@nestjs/common';
import { ConfigsController } from './configs.controller';
import { FormatChecker } from './format/format-checker';

@Module({ controllers: [ConfigsController], providers: [FormatChecker], exports: [FormatChecker] })
export class ConfigsModule {}
