// Must run before anything reads storage.
import './storage'

import { mount } from 'svelte'
import App from './App.svelte'
import './board.css'
import { settings } from './client'
import { isTv } from './route.svelte'
import { followVersion } from './version'

document.documentElement.classList.toggle('tv', isTv)
mount(App, { target: document.body })
if (settings) followVersion(settings.version)
