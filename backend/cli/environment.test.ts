import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { prepareEnvironment } from './environment.ts';
import { SETTINGS } from './settings.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'shopstream-environment-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What becomes of the environment with this text in `.env`. */
function prepared(
  text: string | Buffer | null,
  given: Record<string, string> = {},
): Record<string, string | undefined> {
  if (text !== null) writeFileSync(path.join(folder, '.env'), text);
  const environment: Record<string, string | undefined> = { ...given };
  prepareEnvironment(folder, environment);
  return environment;
}

describe('.env', () => {
  test('adds to the environment, which wins', () => {
    const text = '# the shop\n\nexport PORT=4001\r\nTIME_ZONE="Europe/Helsinki" # Finland\nHOST=\n';
    expect(prepared(text, { TIME_ZONE: 'Europe/Oslo' })).toEqual({
      PORT: '4001',
      TIME_ZONE: 'Europe/Oslo',
      HOST: '',
    });
    expect(prepared('PORT=4001', { PORT: '' }), 'switched off').toEqual({ PORT: '' });
  });

  test.each([
    ['with a mark, as Notepad writes it', Buffer.from('\uFEFFTIME_ZONE=UTC\r\nPORT=1')],
    ['in UTF-16, as PowerShell 5 writes it', Buffer.from('\uFEFFTIME_ZONE=UTC\r\nPORT=1\r\n', 'utf16le')],
    ['in UTF-16 the other way round', Buffer.from('\uFEFFTIME_ZONE=UTC\nPORT=1', 'utf16le').swap16()],
    ['with lines as old Macs end them', Buffer.from('TIME_ZONE=UTC\rPORT=1\r')],
    ['with quotes and export', Buffer.from('export TIME_ZONE="UTC"\r\nexport PORT=\'1\'\r\n')],
  ])('is read %s', (_, bytes) => {
    expect(prepared(bytes)).toEqual({ TIME_ZONE: 'UTC', PORT: '1' });
  });

  test.each([
    ['another encoding', Buffer.from('HOST=å', 'latin1')],
    ['UTF-16 without a mark', Buffer.from('PORT=1', 'utf16le')],
    ['a picture', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0])],
  ])('in %s is refused whole', (_, bytes) => {
    expect(() => prepared(bytes)).toThrow(/^\.env is not text in UTF-8: save it as UTF-8$/);
  });

  test('need not be there', () => {
    expect(prepared(null, { HOME: '/root' })).toEqual({ HOME: '/root' });
  });

  test('leaves what Docker Compose reads from it alone', () => {
    expect(prepared('SHOP_UID=1001\nCOMPOSE_PROJECT_NAME=shop\nPORT=0')).toEqual({ PORT: '0' });
  });

  test.each([
    ['PORT=1\nKAFKA_BROKER=a:1', '.env, line 2: there is no setting KAFKA_BROKER; did you mean KAFKA_BROKERS?'],
    ['port=1', '.env, line 1: there is no setting port; did you mean PORT?'],
    ['COLOUR=blue', '.env, line 1: there is no setting COLOUR; npm start -- --help lists them'],
    ['PORT=1\n\uFEFFTIME_ZONE=UTC', '.env, line 2: there is no setting <U+FEFF>TIME_ZONE; did you mean TIME_ZONE?'],
    ['TIME\u200B_ZONE=UTC', 'there is no setting TIME<U+200B>_ZONE; did you mean TIME_ZONE?'],
    ['PORT\u00A0=1', 'there is no setting PORT<U+00A0>; did you mean PORT?'],
    ['\u0420ORT=1', 'there is no setting <U+0420>ORT; did you mean PORT?'],
    ['LOG_LEVEL=warn\u200B', '.env, line 1: LOG_LEVEL is "warn<U+200B>"'],
    ['\nTIME_ZONE Europe/Oslo', '.env, line 2: "TIME_ZONE Europe/Oslo" is not NAME=value'],
    ['HOST="here', '.env, line 1: "HOST="here" is not NAME=value'],
    ['PORT=1\n# again\nPORT=2', '.env, line 3: PORT is set in line 1 already'],
    ['HOST=x\nLOG_LEVEL=inf', '.env, line 2: LOG_LEVEL is "inf"; it is one of debug, info'],
    ['KAFKA_BROKERS=a:1', '.env, line 1: KAFKA_BROKERS is set but MONGODB_URI is not'],
  ])('%j is refused by line', (text, message) => {
    expect(() => prepared(text)).toThrow(message);
  });

  test('a wrong value of the environment is not blamed on the file', () => {
    expect(() => prepared('PORT=1', { PORT: 'x' })).toThrow(/^PORT is "x"/);
  });

  test('a folder of that name is told in one line', () => {
    expect(() => prepareEnvironment(path.join(folder, '\0'), {})).toThrow(/^\.env cannot be read/);
  });
});

describe('names in the environment', () => {
  test.each([
    ['KAFKA_BROKER', 'KAFKA_BROKERS'],
    ['KAFKABROKERS', 'KAFKA_BROKERS'],
    ['MONGO_URI', 'MONGODB_URI'],
    ['MONGODB_URL', 'MONGODB_URI'],
    ['TIMEZONE', 'TIME_ZONE'],
    ['time_zone', 'TIME_ZONE'],
    ['DATADIR', 'DATA_DIR'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['SMTP_URI', 'SMTP_URL'],
    ['REPORT_DIR', 'REPORTS_DIR'],
    ['MAIL_BOX_DIR', 'MAILBOX_DIR'],
    ['ALLOWED_ORIGIN', 'ALLOWED_ORIGINS'],
  ])('%s is refused: %s is meant', (name, meant) => {
    expect(() => prepared(null, { [name]: 'x' })).toThrow(
      `${name} is set in the environment, but there is no such setting; did you mean ${meant}?`,
    );
    expect(() => prepared(null, { [name]: ' ' }), 'an empty one sets nothing').not.toThrow();
  });

  test('those that other programs use are let be', () => {
    const usual = `HOME HOSTNAME HOSTTYPE LOGNAME TZ PATH PWD OLDPWD SHELL SHLVL TERM TERM_PROGRAM USER USERNAME LANG
      LC_ALL LANGUAGE EDITOR VISUAL PAGER MAIL MAILTO MAILCHECK DISPLAY XAUTHORITY XDG_DATA_DIRS XDG_DATA_HOME
      XDG_RUNTIME_DIR XDG_CONFIG_DIRS SSH_AUTH_SOCK SSH_CONNECTION TMPDIR TEMP TMP COLORTERM NO_COLOR FORCE_COLOR CI
      DEBUG NODE_ENV NODE_OPTIONS NODE_PATH NODE_NO_WARNINGS JAVA_HOME M2_HOME MAVEN_OPTS KAFKA_HOME KAFKA_OPTS
      KAFKA_HEAP_OPTS KAFKA_LOG_DIRS KAFKA_LISTENERS KAFKA_BOOTSTRAP_SERVERS KAFKA_HOST KAFKA_PORT MONGO_HOST
      MONGO_INITDB_DATABASE MONGODB_VERSION MONGODB_DATABASE DATABASE_URL REDIS_URL BASE_URL APP_URL SITE_URL API_URL
      WEB_URL PUBLIC_URL SMTP_HOST SMTP_PORT SMTP_USER SMTP_PASS SMTP_FROM SMTP_TLS PGDATA PGHOST PGPORT LOG_FILE
      LOG_DIR LOG_FORMAT BACKUP_DIR CACHE_DIR BASE_DIR WORK_DIR HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy INIT_CWD
      npm_config_loglevel npm_lifecycle_event npm_package_name npm_execpath CHROME_PATH CHROME_BIN PUPPETEER_EXECUTABLE_PATH
      SERVICE_HOST SERVICE_PORT KUBERNETES_PORT KUBERNETES_SERVICE_HOST GITHUB_TOKEN ACCESS_TOKEN DOCKER_HOST ports
      POST SORT COST WINDIR SYSTEMROOT APPDATA PROGRAMDATA COMSPEC PROCESSOR_LEVEL HISTSIZE IFS LS_COLORS MANPATH _`;
    for (const name of usual.split(/\s+/)) expect(() => prepared(null, { [name]: 'x' }), name).not.toThrow();
  });

  test('no setting is near enough to another one to be taken for it', () => {
    const values: Record<string, string> = { KAFKA_BROKERS: 'a:1', MONGODB_URI: 'mongodb://a/b' };
    for (const { name, default: value } of SETTINGS) values[name] ??= value;
    expect(() => prepared(null, values)).not.toThrow();
  });
});
