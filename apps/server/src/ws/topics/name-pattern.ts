import { isNamePattern } from '@quorate/api';
import { Validate, ValidatorConstraint, type ValidatorConstraintInterface } from 'class-validator';

@ValidatorConstraint({ name: 'namePattern' })
class NamePattern implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return typeof value === 'string' && isNamePattern(value);
  }

  defaultMessage(): string {
    return '$property must be a name, *, or the beginning of names followed by *';
  }
}

/** A name, `*`, or the beginning of names followed by `*`. */
export function IsNamePattern(): PropertyDecorator {
  return Validate(NamePattern);
}
