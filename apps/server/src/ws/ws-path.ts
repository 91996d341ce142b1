/** Where the platform's WebSocket is served. */
export const WS_PATH = '/ws/v1';
