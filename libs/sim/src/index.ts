export { SimBackend } from './sim-backend';
