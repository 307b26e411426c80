import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const text = new Set(['.js', '.css', '.svg', '.html', '.json', '.webmanifest', '.md']);

/** Writes name.br and name.gz beside each text file, so that the server compresses nothing. */
export function compressed(): Plugin {
  let out = 'dist';
  return {
    name: 'compressed',
    apply: 'build',
    configResolved(config) {
      out = config.build.outDir;
    },
    closeBundle() {
      for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
        // The server fills in the head of index.html, so it compresses that one itself.
        if (!entry.isFile() || !text.has(extname(entry.name)) || entry.name === 'index.html') continue;
        const path = join(entry.parentPath, entry.name);
        const content = readFileSync(path);
        if (content.length < 1000) continue;
        writeFileSync(path + '.br', brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
        writeFileSync(path + '.gz', gzipSync(content, { level: 9 }));
      }
    },
  };
}
