import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { precompress } from './build/precompress.ts';

const OURS =
  /\/web\/src\/(?!diagram|keepTrying|strings\/around|clipboard|forms|state\/signedOut)|\/node_modules\/(?:@ai-sdk|@tanstack|ai|lucide-react|react|react-dom|react-error-boundary|scheduler|zustand)\//;

// Django serves the page and says which of these files it needs (django-vite reads the manifest);
// the policy of the page allows no inline script, so nothing here may emit one.
export default defineConfig({
  base: '/static/chat/',
  plugins: [react(), tailwindcss(), precompress()],
  resolve: {
    alias: {
      // Its browser variant decodes entities through `innerHTML`, which the policy forbids.
      'decode-named-character-reference': new URL(
        './node_modules/decode-named-character-reference/index.js',
        import.meta.url,
      ).pathname,
    },
  },
  server: {
    host: '127.0.0.1',
    port: 5173,
    strictPort: true,
    // The frame that draws diagrams has no origin: its scripts are asked for by `null`.
    cors: { origin: [/^https?:\/\/(?:localhost|127\.0\.0\.1)(?::\d+)?$/, 'null'] },
  },
  build: {
    outDir: 'dist',
    // collectstatic skips dot folders, so the manifest must not live in `.vite/`.
    manifest: 'manifest.json',
    assetsInlineLimit: 0,
    // The largest is a part of Mermaid, which comes with the first diagram, in a frame of its own.
    chunkSizeWarningLimit: 1600,
    modulePreload: { polyfill: false },
    // `light-dark()` and `color-mix()` stay as they are: these are the first versions with both.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    rolldownOptions: {
      // What compression takes is known.
      checks: { pluginTimings: false },
      input: ['src/main.ts', 'src/diagram/frame.ts', 'src/forms.ts', 'src/modelChoice.ts', 'src/modelJobs.ts', 'src/signedOut.ts', 'src/styles/pages.css', 'worker/worker.ts'],
      output: {
        codeSplitting: {
          // What several of our chunks use is one file, not a handful of tiny ones. (Not what the
          // renderer of diagrams brings along: nobody needs that for anything else.)
          groups: [
            // The frame that draws diagrams needs this, and none of ours.
            { name: 'preload', test: /vite\/preload-helper/, priority: 1 },
            // What runs before the first picture is painted, and no more than that.
            { name: 'first', test: /\/web\/src\/(?:keepTrying|language\/(?:locale|translation))/, priority: 1 },
            // What the server's own pages have, too.
            { name: 'clipboard', test: /\/web\/src\/clipboard/, priority: 1 },
            { name: 'shared', minShareCount: 2, test: OURS },
          ],
        },
      },
    },
  },
  test: {
    environment: 'happy-dom',
    // Cheaper to begin than a process for each file.
    pool: 'threads',
    include: ['src/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    setupFiles: ['build/testSetup.ts'],
    // Instead of five seconds: long for a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
