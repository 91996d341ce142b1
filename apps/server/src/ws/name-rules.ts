import { isName, isNamePattern } from '@quorate/api';
import { Validate, ValidatorConstraint, type ValidatorConstraintInterface } from 'class-validator';

@ValidatorConstraint({ name: 'name' })
class Name implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return typeof value === 'string' && isName(value);
  }

  defaultMessage(): string {
    return '$property must be a name';
  }
}

@ValidatorConstraint({ name: 'namePattern' })
class NamePattern implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return typeof value === 'string' && isNamePattern(value);
  }

  defaultMessage(): string {
    return '$property must be a name, *, or the beginning of names followed by *';
  }
}

export function IsName(): PropertyDecorator {
  return Validate(Name);
}

/** A name, `*`, or the beginning of names followed by `*`. */
export function IsNamePattern(): PropertyDecorator {
  return Validate(NamePattern);
}
