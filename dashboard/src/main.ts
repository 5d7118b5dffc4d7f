import { mount } from 'svelte'
import App from './App.svelte'
import './board.css'
import { isTv } from './route.svelte'

document.documentElement.classList.toggle('tv', isTv)
mount(App, { target: document.body })
