import { mount } from 'svelte';

import App from './App.svelte';
import './styles/tokens.css';
import './styles/base.css';

const warm = new Worker(new URL('./i18n/warm.worker.ts', import.meta.url), { type: 'module' });
warm.onmessage = warm.onerror = () => warm.terminate();

const target = document.getElementById('app')!;
target.replaceChildren();
mount(App, { target });
