import { createHash } from 'node:crypto';
import { build, type Plugin } from 'vite';

/** Builds src/worker/sw.ts as /sw.js, with the list of files that the app needs to start without a network. */
export function serviceWorker(): Plugin {
  let out = 'dist';
  let files: string[] = [];
  return {
    name: 'service-worker',
    apply: 'build',
    configResolved(config) {
      out = config.build.outDir;
    },
    writeBundle(_, bundle) {
      files = Object.keys(bundle)
        .filter((name) => name.startsWith('assets/') && !/-ext-|vietnamese/.test(name))
        .sort()
        .map((name) => '/' + name);
    },
    async closeBundle() {
      const version = createHash('sha256').update(files.join('\n')).digest('hex').slice(0, 12);
      await build({
        configFile: false,
        logLevel: 'warn',
        publicDir: false,
        define: { __FILES__: JSON.stringify(files), __VERSION__: JSON.stringify(version) },
        build: {
          outDir: out,
          emptyOutDir: false,
          target: ['safari16.4', 'firefox115', 'chrome109'],
          lib: { entry: 'src/worker/sw.ts', formats: ['es'], fileName: () => 'sw.js' },
        },
      });
    },
  };
}
