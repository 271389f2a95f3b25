export * from 'lit';
export { repeat } from 'lit/directives/repeat.js';
export { live } from 'lit/directives/live.js';
export { keyed } from 'lit/directives/keyed.js';
export { classMap } from 'lit/directives/class-map.js';
export { ref } from 'lit/directives/ref.js';
export { guard } from 'lit/directives/guard.js';
