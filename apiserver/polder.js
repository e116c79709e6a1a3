/**
 * Starts `main.ts`. Plain JavaScript on purpose: what it sets up has to be there before the first TypeScript file.
 */
import { enableCompileCache } from 'node:module';
import { CACHE, serveStripped } from './runtime/typescript.js';

enableCompileCache(CACHE);
serveStripped();
await import('./main.ts');
