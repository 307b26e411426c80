/** The system's WebKit by plain WebDriver (W3C): Debian has its driver, and a display that nobody sees. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';

const driver = process.env.WEBKIT_DRIVER ?? '/usr/bin/WebKitWebDriver';
const display = '/usr/bin/Xvfb';
const browsers = ['/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser', '/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser'];
export const webkit = existsSync(driver) && existsSync(display) ? browsers.find((path) => existsSync(path)) : undefined;

const elementKey = 'element-6066-11e4-a52e-4f735466cecf';

export class WebKit {
  #processes: ChildProcess[];
  #session: string;

  private constructor(processes: ChildProcess[], session: string) {
    this.#processes = processes;
    this.#session = session;
  }

  static async start(): Promise<WebKit> {
    const number = 90 + Math.floor(Math.random() * 900);
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    const screen = spawn(display, [`:${number}`, '-screen', '0', '1440x900x24', '-nolisten', 'tcp'], { stdio: 'ignore' });
    const web = spawn(driver, [`--port=${port}`], { stdio: 'ignore', env: { ...process.env, DISPLAY: `:${number}`, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' } });
    const address = `http://127.0.0.1:${port}`;
    await patiently(async () => (await fetch(address + '/status')).ok);
    // By itself the driver waits for the load of each page, and waits for ever for the load of
    // one that comes back from the browser's cache.
    const { sessionId } = (await ask(address, 'POST', '/session', {
      capabilities: { alwaysMatch: { pageLoadStrategy: 'none', 'webkitgtk:browserOptions': { binary: webkit, args: ['--automation'] } } },
    })) as { sessionId: string };
    return new WebKit([web, screen], `${address}/session/${sessionId}`);
  }

  async stop(): Promise<void> {
    await ask(this.#session, 'DELETE', '').catch(() => {});
    for (const process of this.#processes) process.kill();
  }

  async open(address: string): Promise<void> {
    await this.run('window.former = true');
    await ask(this.#session, 'POST', '/url', { url: address });
    await patiently(() => this.run<boolean>("return window.former === undefined && location.protocol !== 'about:' && document.readyState === 'complete'"), address);
  }

  async address(): Promise<string> {
    return (await ask(this.#session, 'GET', '/url')) as string;
  }

  run<T>(script: string, ...args: unknown[]): Promise<T> {
    return ask(this.#session, 'POST', '/execute/sync', { script, args }) as Promise<T>;
  }

  /** Runs a function in the page. It knows nothing of what is around it here. */
  call<A extends unknown[], T>(script: (...args: A) => T | Promise<T>, ...args: A): Promise<T> {
    return this.run(`return (${script.toString()})(...arguments)`, ...args);
  }

  /** Presses Enter where the focus is. */
  async enter(): Promise<void> {
    const focused = (await ask(this.#session, 'GET', '/element/active')) as Record<string, string>;
    await ask(this.#session, 'POST', `/element/${focused[elementKey]}/value`, { text: '\uE007' });
  }

  back(): Promise<unknown> {
    return ask(this.#session, 'POST', '/back', {});
  }

  /** The window goes away, and its page is hidden. */
  hide(): Promise<unknown> {
    return ask(this.#session, 'POST', '/window/minimize', {});
  }

  show(): Promise<unknown> {
    return ask(this.#session, 'POST', '/window/rect', { width: 1024, height: 768 });
  }

  async #find(selector: string): Promise<string> {
    let id = '';
    await patiently(async () => {
      const found = (await ask(this.#session, 'POST', '/element', { using: 'css selector', value: selector })) as Record<string, string>;
      id = found[elementKey]!;
      return true;
    }, selector);
    return id;
  }

  async wait(selector: string): Promise<void> {
    await this.#find(selector);
  }

  async click(selector: string): Promise<void> {
    await patiently(async () => {
      await ask(this.#session, 'POST', `/element/${await this.#find(selector)}/click`, {});
      return true;
    }, selector);
  }

  async fill(selector: string, text: string): Promise<void> {
    await patiently(async () => {
      const id = await this.#find(selector);
      await ask(this.#session, 'POST', `/element/${id}/clear`, {});
      await ask(this.#session, 'POST', `/element/${id}/value`, { text });
      return true;
    }, selector);
  }

  async text(selector: string): Promise<string> {
    return (await ask(this.#session, 'GET', `/element/${await this.#find(selector)}/text`)) as string;
  }
}

async function ask(address: string, method: string, path: string, body?: unknown): Promise<unknown> {
  // A command that the driver never answers is given up, so that it can be tried again.
  const response = await fetch(address + path, { method, body: body === undefined ? null : JSON.stringify(body), signal: AbortSignal.timeout(10_000) });
  const { value } = (await response.json()) as { value: unknown };
  if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(value).slice(0, 300)}`);
  return value;
}

/** Tries until it works, at most 30 seconds. */
export async function patiently(work: () => Promise<boolean>, what = 'WebKit'): Promise<void> {
  const end = Date.now() + 30_000;
  let last: unknown;
  while (Date.now() < end) {
    try {
      if (await work()) return;
    } catch (failure) {
      last = failure;
    }
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error(`waited for ${what}: ${String(last)}`);
}
