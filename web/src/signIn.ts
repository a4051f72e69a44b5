/** Sign-in, and back to the page that is open now. */
export function signInAddress(): string {
  return `/signin/?next=${encodeURIComponent(location.pathname)}`;
}
