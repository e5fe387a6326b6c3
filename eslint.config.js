// What the compiler does not see: floating promises, `any`, forgotten code, functions and files that grew too
// long, and the form of the text: no semicolons, single quotes, two spaces, lines of at most 180 columns.
// Floors, averages and words are checked by test/meta, which can name the rule that was broken.
import js from '@eslint/js'
import tseslint from 'typescript-eslint'

const typed = tseslint.configs.recommendedTypeChecked

const shape = {
  'max-lines': ['error', { max: 400 }],
  'max-lines-per-function': ['error', { max: 80 }],
  'no-console': 'error', // the log is one place, src/ops; commands write to the streams they are given
  'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'] }],
  'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'Export by name: a thing has one name everywhere.' }],
  'no-restricted-imports': [
    'error',
    {
      paths: [{ name: 'node:assert', message: 'Use node:assert/strict, which compares without coercion.' }],
      patterns: [
        { regex: '^(?!node:|\\.)(assert|buffer|child_process|crypto|dgram|dns|events|fs|net|os|path|stream|url|util|worker_threads)(/|$)', message: 'Write the node: prefix.' },
        { regex: '^\\..*\\.js$', message: 'Import the source, with its .ts ending.' },
      ],
    },
  ],
  eqeqeq: 'error',
  'no-var': 'error',
  'prefer-const': 'error',
  'object-shorthand': 'error',
}

const form = {
  semi: ['error', 'never'],
  quotes: ['error', 'single', { avoidEscape: true, allowTemplateLiterals: true }],
  'max-len': ['error', { code: 180, ignoreComments: true, ignoreUrls: true, ignoreTemplateLiterals: true, ignoreStrings: true }],
  'no-tabs': 'error',
  'no-trailing-spaces': 'error',
  'eol-last': 'error',
}

const types = {
  '@typescript-eslint/no-explicit-any': 'error',
  '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [{ from: 'package', name: ['test', 'it', 'describe', 'suite'], package: 'node:test' }] }],
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
  '@typescript-eslint/consistent-type-imports': 'error',
  '@typescript-eslint/require-await': 'off', // a function that promises may have nothing to wait for yet
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true, allow: [{ from: 'file', name: 'Name' }] }],
  'no-useless-assignment': 'off', // `let size = 0` before a try says what size is if the try fails
  'no-control-regex': 'off', // octets below 0x20 are ordinary matter here
  'no-constant-condition': ['error', { checkLoops: false }],
}

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'data/'] },
  js.configs.recommended,
  { rules: { ...shape, ...form } },
  {
    files: ['src/**/*.ts', 'test/**/*.ts'],
    extends: [typed],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: types,
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'max-lines-per-function': 'off',
      'max-len': 'off', // vectors and cases are easier to compare on one line
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      'no-console': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly', Buffer: 'readonly', setTimeout: 'readonly', performance: 'readonly' } },
    rules: { 'no-restricted-syntax': 'off', 'no-console': 'off' },
  },
)
