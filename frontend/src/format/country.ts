/** A country as people know it: orders have a code such as SE, or whatever an imported file had. */
const CODE = /^[A-Z]{2}$/;

export function countryName(country: string, locale: string): string {
  if (country === '') return 'No country';
  if (!CODE.test(country)) return country;
  return new Intl.DisplayNames(locale, { type: 'region', fallback: 'code' }).of(country) ?? country;
}
