import { parseEndpoint } from './endpoint';
import { settingsOf } from './options';

describe('parseEndpoint', () => {
  it.each([
    ['a:1', 'a:1', false], ['http://a:1', 'a:1', false], ['https://a.b:65535/', 'a.b:65535', true], ['a', 'a:2379', false],
    ['[::1]:5', '[::1]:5', false], ['http://[::1]', '[::1]:2379', false],
  ])('reads %s', (text, address, secure) => {
    expect(parseEndpoint(text, false)).toEqual({ text, address, secure });
  });

  it('takes TLS for an endpoint without a scheme only where it is the default', () => {
    expect(parseEndpoint('a:1', true).secure).toBe(true);
    expect(parseEndpoint('http://a:1', true).secure).toBe(false);
  });

  it.each(['', 'http://', 'a:0', 'a:65536', 'a:b', 'ftp://a:1', 'a:1/path', 'a b:1', '::1'])('refuses "%s"', (text) => {
    expect(() => parseEndpoint(text, false)).toThrow(TypeError);
  });

  it('is asked of every endpoint, and there has to be one', () => {
    expect(() => settingsOf({ endpoints: [] })).toThrow(TypeError);
    expect(() => settingsOf({ endpoints: ['a:1', 'a:x'] })).toThrow('a:x');
    expect(settingsOf({ endpoints: ['a:1'], tls: {} }).endpoints[0]?.secure).toBe(true);
  });
});
