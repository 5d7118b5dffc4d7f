/** In place of parts of supabase-js that no page uses and every browser would load (vite.config.ts). One that is missing here fails the build. */

class LeftOut {
  readonly isLeftOut = true
}

export {
  LeftOut as FunctionRegion,
  LeftOut as FunctionsClient,
  LeftOut as FunctionsError,
  LeftOut as FunctionsFetchError,
  LeftOut as FunctionsHttpError,
  LeftOut as FunctionsRelayError,
  LeftOut as StorageApiError,
  LeftOut as StorageClient,
}
