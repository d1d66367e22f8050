import type { Endpoint, Fallback } from './contract.ts';

// What an editor resolves `#endpoints/NAME.ts` to in a checkout that was never set up, so that it does not show every
// function as an error. The first `npm start`, `npm test` or `npm run generate` writes the real files, which come first
// in package.json's `imports`. Nothing loads this file.

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the types are in the files that are still to be generated
export declare const endpoint: Endpoint<any, any, any>;
export declare const fallback: Fallback;
