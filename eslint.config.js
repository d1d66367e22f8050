import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import project from './scripts/lint/plain-words.js';

export default tseslint.config(
  { ignores: ['node_modules/', '.build/', '.local/', 'coverage/', 'infra/', 'test/clients/'] },
  js.configs.recommended,
  { plugins: { project }, rules: { 'project/plain-words': 'error' } },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/max-params': ['error', { max: 4 }],
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: false }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // The compiler option noPropertyAccessFromIndexSignature asks for the brackets this rule would remove.
      '@typescript-eslint/dot-notation': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Ports are async by contract; an adapter or a fake may have nothing to await.
      '@typescript-eslint/require-await': 'off',
      eqeqeq: 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Name what you export.' },
        { selector: 'TSEnumDeclaration', message: 'Use an `as const` array and a union.' },
      ],
    },
  },
  {
    files: ['test/vitest.config.ts', 'eslint.config.js'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    // Names the words that it keeps out.
    files: ['scripts/lint/plain-words.js'],
    rules: { 'project/plain-words': 'off' },
  },
  {
    files: ['scripts/local/console/page/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        ['document', 'location', 'navigator', 'CSS', 'Node', 'EventSource', 'URLSearchParams', 'performance']
          .concat(['addEventListener', 'setInterval'])
          .map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', fetch: 'readonly', setTimeout: 'readonly' },
    },
  },
);
