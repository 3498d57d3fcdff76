import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSettings, SETTINGS } from './settings.ts';

describe('settings', () => {
  test('none is needed', () => {
    expect(readSettings({})).toMatchObject({
      kafkaBrokers: null,
      mongodbUri: null,
      host: '127.0.0.1',
      port: 4_000,
      timeZone: 'Europe/Stockholm',
      currency: null,
      dataDir: path.resolve('data'),
      reportGraceMs: 5_000,
      verifyMs: 60_000,
    });
  });

  test('each is described once, and its default is a value that is taken', () => {
    const names = SETTINGS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, default: value, about } of SETTINGS) {
      expect(about, name).not.toBe('');
      expect(readSettings({ [name]: value }), name).toEqual({ ...readSettings({}), ...(name === 'CURRENCY' && { currency: 'SEK' }) }); // prettier-ignore
    }
  });

  test('are read as they are meant', () => {
    const settings = readSettings({
      KAFKA_BROKERS: 'a:9092, [::1]:9093',
      MONGODB_URI: ' mongodb://a/shop ',
      TOPIC_PREFIX: 'mine-',
      SHOP_URL: 'https://shop.example.org',
      ALLOWED_ORIGINS: 'https://a.example.org,http://b.example.org:8080/',
      CURRENCY: 'eur',
      SMTP_URL: 'smtp://localhost:25',
      REPORT_GRACE_SECONDS: '0.5',
      VERIFY_SECONDS: '0',
    });
    expect(settings).toMatchObject({
      kafkaBrokers: ['a:9092', '[::1]:9093'],
      mongodbUri: 'mongodb://a/shop',
      topicPrefix: 'mine-',
      allowedOrigins: ['https://a.example.org', 'http://b.example.org:8080'],
      currency: 'EUR',
      smtpUrl: 'smtp://localhost:25',
      reportGraceMs: 500,
      verifyMs: 0,
    });
    expect(settings.shopUrl.href).toBe('https://shop.example.org/');
  });

  test.each([
    ['KAFKA_BROKERS', 'localhost', 'KAFKA_BROKERS has "localhost", which is not host:port'],
    ['MONGODB_URI', 'localhost:27017', 'MONGODB_URI is "localhost:27017", which does not begin with mongodb://'],
    ['TOPIC_PREFIX', 'my shop', 'TOPIC_PREFIX is "my shop"; Kafka takes letters'],
    ['SHOP_URL', 'localhost:7070', 'SHOP_URL is "localhost:7070", which is no URL that begins with http://'],
    ['PORT', '99999', 'PORT is "99999", which is no port from 0 (any that is free) to 65535'],
    ['ALLOWED_ORIGINS', 'shop.example.org', 'ALLOWED_ORIGINS has "shop.example.org", which is no origin'],
    ['TIME_ZONE', 'Europe/Stokholm', 'Europe/Stockholm; did you mean Europe/Stockholm?'],
    [
      'TIME_ZONE',
      'Middle-earth',
      /^TIME_ZONE is "Middle-earth", which is no IANA time zone such as Europe\/Stockholm$/,
    ],
    [
      'CURRENCY',
      'KRONOR',
      'CURRENCY is "KRONOR", which is no ISO 4217 code of a currency with a minor unit, such as SEK',
    ],
    ['CURRENCY', 'XXX', 'CURRENCY is "XXX", which is no ISO 4217 code of a currency with a minor unit, such as SEK'],
    ['MINOR_DIGITS', '5', 'MINOR_DIGITS is "5", which is no number of decimals from 0 to 4'],
    ['MINOR_DIGITS', '2.0', 'MINOR_DIGITS is "2.0", which is no number of decimals from 0 to 4'],
    ['SMTP_URL', 'mail.example.org', 'SMTP_URL is "mail.example.org", which is no URL that begins with smtp://'],
    ['REPORT_GRACE_SECONDS', '5s', 'REPORT_GRACE_SECONDS is "5s", which is no number of seconds'],
    ['VERIFY_SECONDS', 'often', 'VERIFY_SECONDS is "often", which is no number of seconds'],
    ['LOG_LEVEL', 'warning', 'LOG_LEVEL is "warning"; it is one of debug, info, warn, error, silent'],
    ['LOG_LEVEL', 'Info', 'did you mean info?'],
  ])('%s=%s is refused by name', (name, value, message) => {
    const both = { KAFKA_BROKERS: 'a:1', MONGODB_URI: 'mongodb://a/b' };
    const rest = name in both ? both : {};
    expect(() => readSettings({ ...rest, [name]: value })).toThrow(message);
  });

  test('one engine without the other is refused', () => {
    expect(() => readSettings({ MONGODB_URI: 'mongodb://a/b' })).toThrow('MONGODB_URI is set but KAFKA_BROKERS is not');
  });
});
