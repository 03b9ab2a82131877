// Three sets of tests: in Node, in a real Chromium, and of the packed package. All import the package by its name, so they test dist/ and pkg/.
import { existsSync } from "node:fs";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";

const chromium =
  process.env.KERATIN_CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const args = [
  "--no-sandbox", // tests may run as root, in a container
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/browser/**", "test/package/**"],
          pool: "forks",
          testTimeout: 300_000, // the first test that asks the oracle may have to compile it
        },
      },
      {
        // Cross-origin isolation: without these two headers a page has no SharedArrayBuffer, and so no threads.
        server: { headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" } },
        test: {
          name: "chromium",
          include: ["test/browser/**/*.test.ts"],
          testTimeout: 60_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: { ...(chromium ? { executablePath: chromium } : {}), args } }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
      {
        // Installs the packed package with other versions of Node: slow, and one after the other.
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          pool: "forks",
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
