import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';

import svelteConfig from './svelte.config.js';

export default ts.config(
  { ignores: ['dist/', 'node_modules/', 'src/api/schema.d.ts', 'testdata/'] },
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
    rules: {
      // Links to the app are ordinary addresses: the router of our own listens to clicks.
      'svelte/no-navigation-without-resolve': 'off',
      // Maps and addresses that no screen shows need no signals; those that one shows are SvelteMap and SvelteSet.
      'svelte/prefer-svelte-reactivity': 'off',
      // Poster art is built from numbers and escaped text (src/ui/poster.ts).
      'svelte/no-at-html-tags': 'off',
    },
  },
);
