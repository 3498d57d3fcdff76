/**
 * The linter's part of the gate. What the types and dependency-cruiser hold is left to them; what is
 * switched off here says why.
 */
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import tseslint from 'typescript-eslint';

const tests = [
  '**/*.test.ts',
  '**/*.contract*.ts',
  '**/*-test-kit.ts',
  '**/*.arbitrary.ts',
  '**/testing.ts',
  'tests/**',
  'projections/model/**',
];

const syntax = [
  { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
  {
    selector: 'TSParameterProperty',
    message: 'Declare the field; type stripping knows no parameter properties.',
  },
];

/** What another version of Node answers otherwise, so that what is stored or compared would follow from it. */
const ofTheRuntime = [
  {
    selector: "MemberExpression[object.name='Intl']",
    message:
      'Locale data differs from Node to Node: money and counts are in domain/money.ts, days in domain/calendar.ts.',
  },
  {
    selector: 'MemberExpression[property.name=/^(toLocale|localeCompare)/]',
    message: 'Locale data differs from Node to Node: use formatCount, or compare code units.',
  },
  {
    selector: "MemberExpression[object.name='Math'][property.name='pow']",
    message: 'Its last digit differs between Node 22 and 24: use Math.exp and Math.log.',
  },
];

export default defineConfig(
  // Mutants are broken on purpose, to see the tests bite.
  globalIgnores([
    'node_modules/',
    'frontend/dist/',
    '**/schema-types.d.ts',
    'data/',
    '.cache/',
    'reports/',
    'mailbox/',
    '**/*.mutant-*.ts',
  ]),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.svelte'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname, extraFileExtensions: ['.svelte'] },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      // A `default` would let a new event type pass in silence.
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: false, requireDefaultForNonUnion: true },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      // A number in a message is what its writer means; the rule is for objects.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `() => call()` where nothing is returned is the shortest way to say so, and no promise can hide in it.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // `Promise<void>` and `deferred<void>` are types, not mistakes.
      '@typescript-eslint/no-invalid-void-type': ['error', { allowInGenericTypeArguments: true }],
      // A method that answers at once may still have to be a promise for its port.
      '@typescript-eslint/require-await': 'off',
      // An empty function is a whole answer where a callback or a logger is asked for.
      '@typescript-eslint/no-empty-function': 'off',
      // It takes what was true before an `await` to be true after it; half of what it finds here is wrong.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // `Recorded<ShopEvent>` says more than `Recorded`; a type parameter used once says what is handed in.
      '@typescript-eslint/no-unnecessary-type-arguments': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // What was caught is thrown on as it came.
      '@typescript-eslint/only-throw-error': 'off',
      'no-throw-literal': 'error',
      // There are no enums (below), and looking for them in every assignment takes seconds.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      eqeqeq: ['error', 'always'],
      'no-console': 'error',
      // A switch over the event types is one decision.
      complexity: ['error', { max: 20, variant: 'modified' }],
      'max-depth': ['error', 4],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only backend/cli and tests read the environment.' },
        { object: 'Math', property: 'random', message: 'Randomness comes in from outside, with its seed.' },
      ],
      'no-restricted-syntax': ['error', ...syntax],
    },
  },
  {
    files: ['backend/**', 'projections/**', 'scripts/**'],
    // Zone rules come from Intl, and nowhere else; the judge of days has code of its own.
    ignores: [...tests, 'backend/domain/calendar.ts', 'backend/verify/brute-force-stats.ts'],
    rules: { 'no-restricted-syntax': ['error', ...syntax, ...ofTheRuntime] },
  },
  // After the types' own part, whose parser does not read components.
  svelte.configs.recommended,
  {
    files: ['backend/cli/**', 'scripts/**', 'vite.config.ts'],
    rules: { 'no-console': 'off', 'no-restricted-properties': 'off' },
  },
  {
    // Whether a record is an event or a dead letter is decided in one place, for every reader.
    files: ['backend/**/*.ts', 'projections/**/*.ts'],
    ignores: ['backend/events/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['**/events/codec.ts'],
              importNames: ['decode'],
              message: 'Ask judge or eventsIn of events/record.ts: a record is more than its value.',
            },
          ],
        },
      ],
    },
  },
  {
    files: tests,
    rules: {
      'no-console': 'off',
      'no-restricted-properties': 'off',
      'max-lines-per-function': 'off',
      // A test that is wrong about what is there fails, and says where.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Generators of odd values and stand-ins for engines have types of their own making.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      // Stand-ins are plain objects whose methods use no `this`.
      '@typescript-eslint/unbound-method': 'off',
      // Cutting texts into code points and taking fields out of events is what odd values are made by.
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      // A judge compares case by case, in one place.
      complexity: 'off',
      'max-depth': 'off',
    },
  },
  {
    files: ['frontend/src/**', 'frontend/playground/**'],
    languageOptions: { globals: globals.browser },
    rules: {
      // Paths are made by the router, which has no function that this rule knows.
      'svelte/no-navigation-without-resolve': 'off',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
    rules: {
      // A rune is assigned in the template or read by an effect that this rule does not see.
      'prefer-const': 'off',
      // What is computed anew each time is not changed where it stands.
      'svelte/prefer-svelte-reactivity': 'off',
      // The types of props and of imported components are held by svelte-check, which knows components.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    // The classes of the schema are shapes with decorators: they are never made.
    files: ['backend/graphql/**'],
    rules: { '@typescript-eslint/no-unsafe-class-instance-assignment': 'off' },
  },
  { files: ['scripts/*.mjs'], languageOptions: { globals: globals.node } },
  { files: ['**/*.cjs'], languageOptions: { sourceType: 'commonjs', globals: { module: 'writable' } } },
);
