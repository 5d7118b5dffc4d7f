import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

const leftOut = new URL('left_out.ts', import.meta.url).pathname

// Only files of its own, and relative addresses: it can be served from any folder under a CSP without exceptions.
export default defineConfig({
  base: './',
  plugins: [svelte()],
  build: {
    outDir: '../build/dashboard',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // docs/board.md names them.
    target: ['chrome99', 'edge99', 'firefox98', 'safari16.4'],
  },
  test: { include: ['tests/*.test.ts'] },
  resolve: { conditions: ['browser'], alias: { '@supabase/storage-js': leftOut, '@supabase/functions-js': leftOut } },
})
