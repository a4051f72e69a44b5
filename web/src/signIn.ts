/** The sign-in page, with the way back to the open page. */
export function signInAddress(): string {
  return `/signin/?next=${encodeURIComponent(location.pathname)}`;
}
