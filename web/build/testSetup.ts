import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';

// Instead of one second: long for a busy machine.
configure({ asyncUtilTimeout: 30_000 });

// Without the global test functions, the library does not do this by itself.
afterEach(cleanup);
