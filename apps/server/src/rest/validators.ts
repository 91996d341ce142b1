import { isIP } from 'node:net';
import { ADDRESS_CHARS_MAX } from '@quorate/api';
import { registerDecorator } from 'class-validator';

const LABEL = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/;

/** An IP address or a host name. */
export function IsAddress(): PropertyDecorator {
  return (target, propertyName) => {
    registerDecorator({
      name: 'isAddress', target: target.constructor, propertyName: String(propertyName),
      validator: { validate: isAddress, defaultMessage: () => `${String(propertyName)} is an IP address or a host name` },
    });
  };
}

/** An object whose keys match a pattern and whose values all pass a test. */
export function IsMapOf(isValue: (value: unknown) => boolean, keys: RegExp, entriesMax: number, valueText: string): PropertyDecorator {
  return (target, propertyName) => {
    const faultOf = (value: unknown): string | undefined => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is an object';
      const entries = Object.entries(value);
      if (entries.length > entriesMax) return `has at most ${entriesMax} entries`;
      const bad = entries.find(([key, entry]) => !keys.test(key) || !isValue(entry));
      return bad && `has an entry ${JSON.stringify(bad[0])} that is not allowed: ${valueText}; keys match ${keys.source}`;
    };
    registerDecorator({
      name: 'isMapOf', target: target.constructor, propertyName: String(propertyName),
      validator: {
        validate: (value: unknown) => faultOf(value) === undefined,
        defaultMessage: (given) => `${String(propertyName)} ${faultOf(given?.value) ?? ''}`,
      },
    });
  };
}

function isAddress(value: unknown): boolean {
  if (typeof value !== 'string' || value.length === 0 || value.length > ADDRESS_CHARS_MAX) return false;
  if (isIP(value) !== 0) return true;
  // What is made of digits and dots alone wants to be an address.
  return !/^[0-9.]+$/.test(value) && value.split('.').every((label) => LABEL.test(label));
}
