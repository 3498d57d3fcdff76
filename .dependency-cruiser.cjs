/**
 * The arrows between the folders. Every folder has one rule that lists all of the project it may import
 * (types too); a new folder without a rule may not be imported by, nor import, anything: see `no-rule`.
 */

/** What every part of the backend may build on. */
const BASE = ['^backend/events/', '^backend/domain/', '^backend/ports/'];
const PROJECT = '^(backend|projections|tests|scripts|frontend)/';

/** Tests, contract suites and what only they use may import anything; whatever they test, nothing imports them. */
const TESTS =
  '(\\.test\\.ts$|\\.contract[^/]*\\.ts$|-test-kit\\.ts$|\\.arbitrary\\.ts$|/testing\\.ts$|\\.mutant-[^/]*\\.ts$|^tests/|^projections/model/)';

/** The files of `from` import nothing of the project but what `allowed` lists. */
const only = (name, comment, from, allowed) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, pathNot: TESTS },
  to: { path: PROJECT, pathNot: allowed },
});

/** A part of the backend: the base, the projections, itself, and what else is named. */
const part = (folder, ...more) =>
  only(
    folder,
    `backend/${folder} builds on events, domain, ports and projections${more.length === 0 ? '' : ', and on what its rule names'}.`,
    `^backend/${folder}/`,
    [...BASE, '^projections/', `^backend/${folder}/`, ...more],
  );

const SHOP_CONTRACT = '^backend/shop/(commands|identity)\\.ts$';
const DURABLE_FILES = '^backend/adapters/files/';

module.exports = {
  forbidden: [
    only('events', 'The published language stands alone.', '^backend/events/', ['^backend/events/']),
    only('domain', 'The domain is pure: events and itself.', '^backend/domain/', [
      '^backend/events/',
      '^backend/domain/',
    ]),
    only('ports', 'A port knows the events, not who stands behind it.', '^backend/ports/', [
      '^backend/events/',
      '^backend/ports/',
    ]),
    only('projections', 'A projection is a fold: no engine, no role.', '^projections/', [...BASE, '^projections/']),
    only(
      'adapters',
      'An adapter is one technology behind a port; it knows no other adapter.',
      '^backend/adapters/([^/]+)/',
      ['^backend/events/', '^backend/ports/', '^backend/adapters/$1/'],
    ),
    only('engines', 'Starting engines has nothing to do with the shop.', '^backend/engines/', [
      '^backend/ports/',
      '^backend/engines/',
    ]),
    part('shop'),
    part('simulator', SHOP_CONTRACT),
    part('importer', SHOP_CONTRACT),
    part('handler'),
    part('mailer', DURABLE_FILES),
    part('reporter', DURABLE_FILES, '^backend/queries/', '^backend/simulator/first-history\\.ts$'),
    part('queries', '^backend/mailer/put-aside\\.ts$'),
    part('verify'),
    part('dead-letters'),
    part('explain', '^backend/queries/', '^backend/verify/records\\.ts$'),
    only('graphql-server', 'The server serves any schema: it knows nothing of the shop.', '^backend/graphql/server/', [
      '^backend/ports/',
      '^backend/graphql/server/',
    ]),
    part('replay', '^backend/verify/', '^backend/queries/(views|position)\\.ts$'),
    part('live', '^backend/queries/', '^backend/replay/rebuild\\.ts$', '^backend/verify/(result|rounds)\\.ts$'),
    only(
      'graphql',
      'Resolvers read, map and return: they know what answers, and no engine.',
      '^backend/graphql/(?!server/)',
      [
        ...BASE,
        '^backend/graphql/(?!server/)',
        '^backend/queries/',
        '^backend/live/',
        '^backend/dead-letters/',
        '^backend/replay/rebuild\\.ts$',
        '^backend/simulator/settings\\.ts$',
        SHOP_CONTRACT,
      ],
    ),
    only(
      'dashboard',
      'The dashboard knows the API by its schema, and nothing of the backend but when a day begins.',
      '^frontend/src/',
      ['^frontend/src/', '^backend/domain/calendar\\.ts$'],
    ),
    {
      name: 'ui-has-no-data',
      comment: 'What is in ui shows what it is given; charts and formats are pure.',
      severity: 'error',
      from: { path: '^frontend/src/(ui|charts|format)/', pathNot: TESTS },
      to: { path: '^frontend/src/(live|graphql|panels|pages|[^/]+$)' },
    },
    {
      name: 'no-adapter-outside-the-composition-root',
      comment: 'Only backend/cli picks adapters. Plain durable file writing is no engine: mailer and reporter may.',
      severity: 'error',
      from: { path: PROJECT, pathNot: [TESTS, '^backend/cli/', '^backend/adapters/', '^backend/(mailer|reporter)/'] },
      to: { path: '^backend/adapters/' },
    },
    {
      name: 'nothing-imports-the-command-line',
      severity: 'error',
      from: { path: PROJECT, pathNot: [TESTS, '^backend/cli/', '^scripts/'] },
      to: { path: '^backend/cli/' },
    },
    {
      name: 'no-rule',
      comment: 'A folder without a rule of its own: give it one above.',
      severity: 'error',
      from: {
        path: '^backend/',
        pathNot: [
          TESTS,
          '^backend/(events|domain|ports|adapters|engines|shop|simulator|importer|handler|mailer|reporter|queries|verify|explain|dead-letters|replay|live|graphql|cli)/',
        ],
      },
      to: {},
    },
    {
      name: 'nothing-imports-tests',
      comment: 'What runs in production does not depend on what only tests need.',
      severity: 'error',
      from: { path: '^(backend|projections|scripts)/', pathNot: TESTS },
      to: { path: TESTS },
    },
    {
      name: 'no-development-dependency',
      comment: '`npm ci --omit=dev` is what the container has. The page that `soak` watches is for who develops.',
      severity: 'error',
      from: { path: '^(backend|projections)/', pathNot: [TESTS, '^backend/cli/soak/page\\.ts$'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-unlisted-dependency',
      comment: 'It works only because another package happens to bring it.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphan',
      severity: 'error',
      from: { orphan: true, pathNot: [TESTS, '\\.json$', '\\.d\\.ts$'] },
      to: {},
    },
    { name: 'not-resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    // Types are dependencies, too: an arrow that only a type follows is still an arrow.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.mutant-[^/]*\\.ts$' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
