export {
  type Backend, type BackendBatch, BackendFullError, type BackendSnapshot, type BackendState, type RevisionId,
  type RevisionRow, type StateRecord,
} from './ports/backend';
