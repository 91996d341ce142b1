import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { isName, PlatformError } from '@quorate/api';

/** A name in the path. The router has decoded it exactly once: an encoded slash is a slash by now, and no name has one. */
@Injectable()
export class NamePipe implements PipeTransform<string, string> {
  transform(value: string, { data }: ArgumentMetadata): string {
    if (!isName(value)) throw new PlatformError('name_invalid', undefined, data);
    return value;
  }
}

/** The number of a release in the path. */
@Injectable()
export class VersionPipe implements PipeTransform<string, number> {
  transform(value: string, { data }: ArgumentMetadata): number {
    if (!/^[1-9][0-9]{0,9}$/.test(value)) throw new PlatformError('field_invalid', 'a version is a whole number from 1', data);
    return Number(value);
  }
}
