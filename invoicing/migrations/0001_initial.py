import django.db.models.deletion
import djmoney.models.fields
import metering.models.base
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('metering', '0002_sql_functions'),
        ('pghistory', '0007_auto_20250421_0444'),
        ('pricing', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='AppEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=False)),
                ('type', models.CharField(choices=[('sandbox', 'Sandbox')], max_length=20)),
                ('name', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField(editable=False)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='BillingProfile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('is_default', models.BooleanField(default=False)),
                ('supplier_name', models.CharField(max_length=256)),
                ('supplier_tax_id', models.CharField(blank=True, max_length=64)),
                ('supplier_address', models.JSONField(blank=True, default=dict)),
                ('number_prefix', models.CharField(default='INV-', max_length=16)),
                ('collection_interval', models.DurationField(help_text="How long after a period's end late events still join it.")),
                ('due_after', models.DurationField(help_text='How long after issue an invoice is due.')),
                ('created_at', models.DateTimeField(editable=False)),
                ('updated_at', models.DateTimeField(editable=False)),
            ],
        ),
        migrations.CreateModel(
            name='BillingProfileEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=False)),
                ('name', models.CharField(max_length=200)),
                ('is_default', models.BooleanField(default=False)),
                ('supplier_name', models.CharField(max_length=256)),
                ('supplier_tax_id', models.CharField(blank=True, max_length=64)),
                ('supplier_address', models.JSONField(blank=True, default=dict)),
                ('number_prefix', models.CharField(default='INV-', max_length=16)),
                ('collection_interval', models.DurationField(help_text="How long after a period's end late events still join it.")),
                ('due_after', models.DurationField(help_text='How long after issue an invoice is due.')),
                ('created_at', models.DateTimeField(editable=False)),
                ('updated_at', models.DateTimeField(editable=False)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='BillingRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=True)),
                ('as_of', models.DateTimeField(help_text='The time billed up to, for customers without a test clock.')),
                ('bound', models.BigIntegerField(help_text='The last batch that counts.')),
                ('started_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('customers', models.PositiveIntegerField(default=0)),
                ('invoices', models.PositiveIntegerField(default=0)),
                ('failures', models.JSONField(default=list)),
            ],
        ),
        migrations.CreateModel(
            name='DetailedLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('key', models.CharField(max_length=128)),
                ('name', models.CharField(max_length=400)),
                ('category', models.CharField(choices=[('regular', 'Charge'), ('discount', 'Discount'), ('commitment', 'Minimum')], max_length=20)),
                ('of', models.CharField(blank=True, help_text='The key of the part that a discount reduces.', max_length=128)),
                ('quantity', metering.models.base.NumericField()),
                ('unit_amount', metering.models.base.NumericField()),
                ('amount', metering.models.base.NumericField()),
            ],
        ),
        migrations.CreateModel(
            name='Invoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=True)),
                ('draft_number', models.CharField(max_length=40)),
                ('number', models.CharField(blank=True, max_length=40, null=True)),
                ('sequence_number', models.PositiveIntegerField(blank=True, null=True)),
                ('currency', djmoney.models.fields.CurrencyField(default='USD', max_length=3)),
                ('status', models.CharField(choices=[('draft.created', 'Draft'), ('draft.collecting', 'Collecting usage'), ('issuing.syncing', 'Issuing'), ('issued', 'Issued'), ('payment_processing.pending', 'Payment pending'), ('payment_processing.failed', 'Payment failed'), ('paid', 'Paid')], max_length=40)),
                ('billed_at', models.DateTimeField(help_text='The billing time whose lines this invoice holds.')),
                ('supplement', models.PositiveSmallIntegerField(default=0, help_text='0 is the first invoice of its billing time; later ones hold what was agreed after it.')),
                ('period_start', models.DateTimeField()),
                ('period_end', models.DateTimeField()),
                ('supplier', models.JSONField(default=dict)),
                ('buyer', models.JSONField(default=dict)),
                ('total', metering.models.base.NumericField(default=0)),
                ('created_at', models.DateTimeField(editable=False)),
                ('issued_at', models.DateTimeField(blank=True, null=True)),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('paid_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='InvoiceDocument',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content', models.BinaryField()),
                ('sha256', models.BinaryField(max_length=32)),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='InvoiceEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=False)),
                ('draft_number', models.CharField(max_length=40)),
                ('number', models.CharField(blank=True, max_length=40, null=True)),
                ('sequence_number', models.PositiveIntegerField(blank=True, null=True)),
                ('currency', djmoney.models.fields.CurrencyField(default='USD', max_length=3)),
                ('status', models.CharField(choices=[('draft.created', 'Draft'), ('draft.collecting', 'Collecting usage'), ('issuing.syncing', 'Issuing'), ('issued', 'Issued'), ('payment_processing.pending', 'Payment pending'), ('payment_processing.failed', 'Payment failed'), ('paid', 'Paid')], max_length=40)),
                ('billed_at', models.DateTimeField(help_text='The billing time whose lines this invoice holds.')),
                ('supplement', models.PositiveSmallIntegerField(default=0, help_text='0 is the first invoice of its billing time; later ones hold what was agreed after it.')),
                ('period_start', models.DateTimeField()),
                ('period_end', models.DateTimeField()),
                ('supplier', models.JSONField(default=dict)),
                ('buyer', models.JSONField(default=dict)),
                ('total', metering.models.base.NumericField(default=0)),
                ('created_at', models.DateTimeField(editable=False)),
                ('issued_at', models.DateTimeField(blank=True, null=True)),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('paid_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='InvoiceLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=True)),
                ('position', models.PositiveSmallIntegerField()),
                ('sequence', models.PositiveIntegerField(default=0, help_text='0 bills the period first; later ones bill changes.')),
                ('name', models.CharField(max_length=256)),
                ('type', models.CharField(choices=[('flat_fee', 'Flat fee'), ('usage_based', 'Usage based')], max_length=12)),
                ('filters', models.JSONField(default=dict)),
                ('price', models.JSONField()),
                ('discounts', models.JSONField(null=True)),
                ('unit_config', models.JSONField(null=True)),
                ('prorate_commitments', models.BooleanField(default=False)),
                ('currency', djmoney.models.fields.CurrencyField(default='USD', max_length=3)),
                ('period_start', models.DateTimeField()),
                ('period_end', models.DateTimeField()),
                ('before', models.JSONField(null=True)),
                ('now', models.JSONField()),
                ('quantity', metering.models.base.NumericField()),
                ('usage_discount', metering.models.base.NumericField(default=0, help_text='How many of the units were free by a discount.')),
                ('amount', metering.models.base.NumericField()),
                ('trace', models.JSONField()),
                ('created_at', models.DateTimeField(editable=False)),
            ],
        ),
        migrations.CreateModel(
            name='InvoiceSequence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('last_number', models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='Payment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=True)),
                ('attempt', models.PositiveSmallIntegerField()),
                ('provider', models.CharField(max_length=20)),
                ('currency', djmoney.models.fields.CurrencyField(default='USD', max_length=3)),
                ('amount', metering.models.base.NumericField()),
                ('status', models.CharField(choices=[('succeeded', 'Succeeded'), ('failed', 'Failed')], max_length=12)),
                ('reason', models.CharField(blank=True, max_length=256)),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='App',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=True)),
                ('type', models.CharField(choices=[('sandbox', 'Sandbox')], max_length=20)),
                ('name', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField(editable=False)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('type__in', ['sandbox'])), name='app_type_is_known')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='app',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "invoicing_appevent" ("created_at", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "type", "ulid") VALUES (NEW."created_at", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."type", NEW."ulid"); RETURN NULL;', hash='cb279ab215aac33e3c45a6ab9b8972c82dc8aa5c', operation='INSERT', pgid='pgtrigger_insert_insert_39488', table='invoicing_app', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='app',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "invoicing_appevent" ("created_at", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "type", "ulid") VALUES (NEW."created_at", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."type", NEW."ulid"); RETURN NULL;', hash='5823085956bec8154161b4c8e8c5c7febc758b67', operation='UPDATE', pgid='pgtrigger_update_update_7d1a3', table='invoicing_app', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='app',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "invoicing_appevent" ("created_at", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "type", "ulid") VALUES (OLD."created_at", OLD."id", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."type", OLD."ulid"); RETURN NULL;', hash='2351ee28f89f8ee076086987fdef055f202426a3', operation='DELETE', pgid='pgtrigger_delete_delete_8466e', table='invoicing_app', when='AFTER')),
        ),
        migrations.AddField(
            model_name='appevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='appevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='invoicing.app'),
        ),
        migrations.AddField(
            model_name='billingprofile',
            name='app',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='profiles', to='invoicing.app'),
        ),
        migrations.AddField(
            model_name='billingprofileevent',
            name='app',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='invoicing.app'),
        ),
        migrations.AddField(
            model_name='billingprofileevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='billingprofileevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='invoicing.billingprofile'),
        ),
        migrations.AddField(
            model_name='invoice',
            name='customer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='metering.customer'),
        ),
        migrations.AddField(
            model_name='invoice',
            name='profile',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='invoicing.billingprofile'),
        ),
        migrations.AddField(
            model_name='invoice',
            name='subscription',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='pricing.subscription'),
        ),
        migrations.AddField(
            model_name='invoicedocument',
            name='invoice',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='document', to='invoicing.invoice'),
        ),
        migrations.AddField(
            model_name='invoiceevent',
            name='customer',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='metering.customer'),
        ),
        migrations.AddField(
            model_name='invoiceevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='invoiceevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='invoicing.invoice'),
        ),
        migrations.AddField(
            model_name='invoiceevent',
            name='profile',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='invoicing.billingprofile'),
        ),
        migrations.AddField(
            model_name='invoiceevent',
            name='subscription',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='pricing.subscription'),
        ),
        migrations.AddField(
            model_name='invoiceline',
            name='feature',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='pricing.feature'),
        ),
        migrations.AddField(
            model_name='invoiceline',
            name='invoice',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='invoicing.invoice'),
        ),
        migrations.AddField(
            model_name='invoiceline',
            name='meter_version',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.meterversion'),
        ),
        migrations.AddField(
            model_name='invoiceline',
            name='subscription_item',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='pricing.subscriptionitem'),
        ),
        migrations.AddField(
            model_name='detailedline',
            name='line',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='detailed_lines', to='invoicing.invoiceline'),
        ),
        migrations.AddField(
            model_name='invoicesequence',
            name='profile',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='sequence', to='invoicing.billingprofile'),
        ),
        migrations.AddField(
            model_name='payment',
            name='invoice',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='invoicing.invoice'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='appevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='33df0871805b63ab2d57f1f02732f3cb0d95137b', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_4baf0', table='invoicing_appevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='billingprofile',
            constraint=models.UniqueConstraint(condition=models.Q(('is_default', True)), fields=('is_default',), name='one_default_billing_profile'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='billingprofile',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "invoicing_billingprofileevent" ("app_id", "collection_interval", "created_at", "due_after", "id", "is_default", "name", "number_prefix", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "supplier_address", "supplier_name", "supplier_tax_id", "ulid", "updated_at") VALUES (NEW."app_id", NEW."collection_interval", NEW."created_at", NEW."due_after", NEW."id", NEW."is_default", NEW."name", NEW."number_prefix", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."supplier_address", NEW."supplier_name", NEW."supplier_tax_id", NEW."ulid", NEW."updated_at"); RETURN NULL;', hash='52e3c7db2eae83c8fc8d08be66d7615ff633bdaf', operation='INSERT', pgid='pgtrigger_insert_insert_36b29', table='invoicing_billingprofile', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='billingprofile',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "invoicing_billingprofileevent" ("app_id", "collection_interval", "created_at", "due_after", "id", "is_default", "name", "number_prefix", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "supplier_address", "supplier_name", "supplier_tax_id", "ulid", "updated_at") VALUES (NEW."app_id", NEW."collection_interval", NEW."created_at", NEW."due_after", NEW."id", NEW."is_default", NEW."name", NEW."number_prefix", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."supplier_address", NEW."supplier_name", NEW."supplier_tax_id", NEW."ulid", NEW."updated_at"); RETURN NULL;', hash='beecc245cbe38483e005abdf527392f26fa17475', operation='UPDATE', pgid='pgtrigger_update_update_0eaeb', table='invoicing_billingprofile', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='billingprofile',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "invoicing_billingprofileevent" ("app_id", "collection_interval", "created_at", "due_after", "id", "is_default", "name", "number_prefix", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "supplier_address", "supplier_name", "supplier_tax_id", "ulid", "updated_at") VALUES (OLD."app_id", OLD."collection_interval", OLD."created_at", OLD."due_after", OLD."id", OLD."is_default", OLD."name", OLD."number_prefix", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."supplier_address", OLD."supplier_name", OLD."supplier_tax_id", OLD."ulid", OLD."updated_at"); RETURN NULL;', hash='0e0632c2001aa759e0b231fd206cf6c5746baa14', operation='DELETE', pgid='pgtrigger_delete_delete_5a809', table='invoicing_billingprofile', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='billingprofileevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='685b19b941dfefc22141ffcfb9f0e5b79c442179', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_e98d2', table='invoicing_billingprofileevent', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(condition=models.Q(('status__in', ('issued', 'payment_processing.pending', 'payment_processing.failed'))), fields=['status', 'customer'], name='invoice_unpaid'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.UniqueConstraint(fields=('subscription', 'billed_at', 'supplement'), name='one_invoice_per_billing_time'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.UniqueConstraint(fields=('profile', 'sequence_number'), name='one_invoice_per_number'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['draft.created', 'draft.collecting', 'issuing.syncing', 'issued', 'payment_processing.pending', 'payment_processing.failed', 'paid'])), name='invoice_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('issued_at__isnull', False), ('number__isnull', False), ('status__in', ('issued', 'payment_processing.pending', 'payment_processing.failed', 'paid'))), models.Q(models.Q(('status__in', ('issued', 'payment_processing.pending', 'payment_processing.failed', 'paid')), _negated=True), ('issued_at', None), ('number', None)), _connector='OR'), name='invoice_is_numbered_if_and_only_if_issued'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(('total__gte', 0)), name='invoice_total_is_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(('period_start__lt', models.F('period_end'))), name='invoice_period_has_length'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invoice',
            trigger=pgtrigger.compiler.Trigger(name='issued_invoice_is_frozen', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.number IS NOT NULL AND ((OLD."billed_at" IS DISTINCT FROM (NEW."billed_at") OR OLD."buyer" IS DISTINCT FROM (NEW."buyer") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."customer_id" IS DISTINCT FROM (NEW."customer_id") OR OLD."draft_number" IS DISTINCT FROM (NEW."draft_number") OR OLD."due_at" IS DISTINCT FROM (NEW."due_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."issued_at" IS DISTINCT FROM (NEW."issued_at") OR OLD."number" IS DISTINCT FROM (NEW."number") OR OLD."period_end" IS DISTINCT FROM (NEW."period_end") OR OLD."period_start" IS DISTINCT FROM (NEW."period_start") OR OLD."profile_id" IS DISTINCT FROM (NEW."profile_id") OR OLD."sequence_number" IS DISTINCT FROM (NEW."sequence_number") OR OLD."subscription_id" IS DISTINCT FROM (NEW."subscription_id") OR OLD."supplement" IS DISTINCT FROM (NEW."supplement") OR OLD."supplier" IS DISTINCT FROM (NEW."supplier") OR OLD."total" IS DISTINCT FROM (NEW."total") OR OLD."ulid" IS DISTINCT FROM (NEW."ulid"))))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='583ce3bd9a1f112b2207ba0804a1a3aa5e238c9b', operation='UPDATE', pgid='pgtrigger_issued_invoice_is_frozen_8b9e1', table='invoicing_invoice', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invoice',
            trigger=pgtrigger.compiler.Trigger(name='issued_invoice_stays', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."number" IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='06d800c5a340fea6cf67568deaea74f3856ae70f', operation='DELETE', pgid='pgtrigger_issued_invoice_stays_06559', table='invoicing_invoice', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invoice',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "invoicing_invoiceevent" ("billed_at", "buyer", "created_at", "currency", "customer_id", "draft_number", "due_at", "id", "issued_at", "number", "paid_at", "period_end", "period_start", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "profile_id", "sequence_number", "status", "subscription_id", "supplement", "supplier", "total", "ulid") VALUES (NEW."billed_at", NEW."buyer", NEW."created_at", NEW."currency", NEW."customer_id", NEW."draft_number", NEW."due_at", NEW."id", NEW."issued_at", NEW."number", NEW."paid_at", NEW."period_end", NEW."period_start", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."profile_id", NEW."sequence_number", NEW."status", NEW."subscription_id", NEW."supplement", NEW."supplier", NEW."total", NEW."ulid"); RETURN NULL;', hash='6d53446bce8e0bcabe0f3d9e07af79eba26e1193', operation='INSERT', pgid='pgtrigger_insert_insert_09132', table='invoicing_invoice', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invoice',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "invoicing_invoiceevent" ("billed_at", "buyer", "created_at", "currency", "customer_id", "draft_number", "due_at", "id", "issued_at", "number", "paid_at", "period_end", "period_start", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "profile_id", "sequence_number", "status", "subscription_id", "supplement", "supplier", "total", "ulid") VALUES (NEW."billed_at", NEW."buyer", NEW."created_at", NEW."currency", NEW."customer_id", NEW."draft_number", NEW."due_at", NEW."id", NEW."issued_at", NEW."number", NEW."paid_at", NEW."period_end", NEW."period_start", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."profile_id", NEW."sequence_number", NEW."status", NEW."subscription_id", NEW."supplement", NEW."supplier", NEW."total", NEW."ulid"); RETURN NULL;', hash='67dd924568e78f4e428f7e92d58d02c33d3022b9', operation='UPDATE', pgid='pgtrigger_update_update_c4c27', table='invoicing_invoice', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invoice',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "invoicing_invoiceevent" ("billed_at", "buyer", "created_at", "currency", "customer_id", "draft_number", "due_at", "id", "issued_at", "number", "paid_at", "period_end", "period_start", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "profile_id", "sequence_number", "status", "subscription_id", "supplement", "supplier", "total", "ulid") VALUES (OLD."billed_at", OLD."buyer", OLD."created_at", OLD."currency", OLD."customer_id", OLD."draft_number", OLD."due_at", OLD."id", OLD."issued_at", OLD."number", OLD."paid_at", OLD."period_end", OLD."period_start", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."profile_id", OLD."sequence_number", OLD."status", OLD."subscription_id", OLD."supplement", OLD."supplier", OLD."total", OLD."ulid"); RETURN NULL;', hash='81423d028d5c2acc479bfba7878788a16e9aba7b', operation='DELETE', pgid='pgtrigger_delete_delete_8a101', table='invoicing_invoice', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invoicedocument',
            trigger=pgtrigger.compiler.Trigger(name='invoice_document_is_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='9579faf7284a3ad26214340046d3dea92f251a93', operation='UPDATE OR DELETE', pgid='pgtrigger_invoice_document_is_append_only_129d0', table='invoicing_invoicedocument', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invoiceevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='b4636ea63b8b8ba0c5a7d289cff1fb69403720a2', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_c72dc', table='invoicing_invoiceevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='invoiceline',
            constraint=models.UniqueConstraint(fields=('subscription_item', 'period_start', 'sequence'), name='one_line_per_item_period_and_sequence'),
        ),
        migrations.AddConstraint(
            model_name='invoiceline',
            constraint=models.CheckConstraint(condition=models.Q(('period_start__lt', models.F('period_end'))), name='line_period_has_length'),
        ),
        migrations.AddConstraint(
            model_name='invoiceline',
            constraint=models.CheckConstraint(condition=models.Q(('type__in', ['flat_fee', 'usage_based'])), name='line_type_is_known'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invoiceline',
            trigger=pgtrigger.compiler.Trigger(name='line_is_frozen_with_its_invoice', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n    IF EXISTS (\n        SELECT 1 FROM invoicing_invoice invoice\n        WHERE invoice.number IS NOT NULL AND invoice.id IN (OLD.invoice_id, NEW.invoice_id)\n    ) THEN\n        RAISE EXCEPTION 'An issued invoice is frozen: % cannot be changed by %.', TG_TABLE_NAME, lower(TG_OP);\n    END IF;\n    IF TG_OP = 'DELETE' THEN\n        RETURN OLD;\n    END IF;\n    RETURN NEW;\n", hash='a6f8c460ae2913ca8bc905b0ecb7ba94502f20e6', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_line_is_frozen_with_its_invoice_c9eb6', table='invoicing_invoiceline', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='detailedline',
            constraint=models.UniqueConstraint(fields=('line', 'key'), name='one_detailed_line_per_key'),
        ),
        migrations.AddConstraint(
            model_name='detailedline',
            constraint=models.CheckConstraint(condition=models.Q(('category__in', ['regular', 'discount', 'commitment'])), name='detailed_line_category_is_known'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='detailedline',
            trigger=pgtrigger.compiler.Trigger(name='detailed_line_is_frozen_with_its_invoice', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n    IF EXISTS (\n        SELECT 1 FROM invoicing_invoice invoice\n        WHERE invoice.number IS NOT NULL AND invoice.id IN ((SELECT line.invoice_id FROM invoicing_invoiceline line WHERE line.id = OLD.line_id), (SELECT line.invoice_id FROM invoicing_invoiceline line WHERE line.id = NEW.line_id))\n    ) THEN\n        RAISE EXCEPTION 'An issued invoice is frozen: % cannot be changed by %.', TG_TABLE_NAME, lower(TG_OP);\n    END IF;\n    IF TG_OP = 'DELETE' THEN\n        RETURN OLD;\n    END IF;\n    RETURN NEW;\n", hash='8a6160e1065d809391a5b227dbe8b7efb7328c28', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_detailed_line_is_frozen_with_its_invoice_33d68', table='invoicing_detailedline', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invoicesequence',
            trigger=pgtrigger.compiler.Trigger(name='sequence_counts_by_one', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (NEW.last_number <> OLD.last_number + 1 OR NEW.profile_id <> OLD.profile_id)', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='5af2d57ce20b70aef39a0d5cb5db493cffec2cc6', operation='UPDATE', pgid='pgtrigger_sequence_counts_by_one_5a0d3', table='invoicing_invoicesequence', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.UniqueConstraint(fields=('invoice', 'attempt'), name='one_payment_per_attempt'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'succeeded')), fields=('invoice',), name='an_invoice_is_paid_once'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['succeeded', 'failed'])), name='payment_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gte', 0)), name='payment_is_not_negative'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='payment',
            trigger=pgtrigger.compiler.Trigger(name='payment_is_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='fbb6fe9bb84f8309a2e7890bcb9e7e10f53e6ea2', operation='UPDATE OR DELETE', pgid='pgtrigger_payment_is_append_only_4cfc0', table='invoicing_payment', when='BEFORE')),
        ),
    ]
