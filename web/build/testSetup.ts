import { cleanup } from '@testing-library/react';
import { afterEach } from 'vitest';

// Without the global test functions, the library does not do this by itself.
afterEach(cleanup);
